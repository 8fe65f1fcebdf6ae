"""The guided tour: the main job against a running suite, each promise checked. `python -m deploy.local.tour`."""
