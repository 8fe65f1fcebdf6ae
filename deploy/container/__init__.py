"""What the image runs: the services' doors and the one-shot jobs that come before them. Decides nothing about a host."""
