"""What an operator does to an installation: backup, restore, doctor and the other commands of `mingquan`.

Reaches the services' databases and stores by the services' own settings. Serves nobody and decides nothing of the field.
"""
