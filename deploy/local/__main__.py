"""`python -m deploy.local`: see cli.py."""

from deploy.local.cli import app

if __name__ == "__main__":
    app(prog_name="mingquan")
