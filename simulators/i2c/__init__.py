"""A fake I2C bus with accelerometers and multiplexers, modelled by their registers."""
