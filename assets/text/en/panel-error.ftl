panel-error = Reconstruction error
    .help = What each layer adds to the reconstruction. Look for layers that gain little, and for held-out frames that do worse than those trained on
