"""What `python -m local doctor --azure` checks after `azd up`, from outside: with `az`, and over the app's HTTP API."""
