"""The ground everything stands on: errors, events, devices and the picture contract."""
