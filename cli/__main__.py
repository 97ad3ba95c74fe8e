"""`python -m symclone_tf.cli`, for where scripts are not on the path."""

from symclone_tf.cli.main import main

main(prog_name="symclone-tf")
