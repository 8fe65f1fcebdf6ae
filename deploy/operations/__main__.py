"""`python -m deploy.operations`: see cli.py."""

from deploy.operations.cli import app

if __name__ == "__main__":
    app(prog_name="mingquan")
