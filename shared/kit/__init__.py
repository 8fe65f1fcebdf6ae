"""The small infrastructure under every service. Knows no rule of the field but working days."""
