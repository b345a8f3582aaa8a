panel-usage = Codebook usage
    .help = Which codes frames choose, how often and how evenly. Look for layers with many unused codes, and for a few codes that take everything
