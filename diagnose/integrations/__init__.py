"""Where training and testing tools meet diagnose: callbacks and plugins, each imported by who has its library."""
