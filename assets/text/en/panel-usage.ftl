panel-usage = Codebook usage
    .help = Which codes frames choose, how often and how evenly. Look for layers with many unused codes, and for a few codes that take everything
# Of what figures are. `frames` are "2 702 held-out frames" or "EMA cluster sizes"; `step` is empty, or begins with a comma.
usage-of-what = Layer { $layer }, { $frames }{ $step }
usage-of-averages = Layer { $layer }, as the running averages have it (EMA)
usage-cluster-sizes = EMA cluster sizes
usage-needs-frames = Usage needs frames
    .help = These codebooks hold no cluster sizes, so that only frames tell how often each code is used
# What frames would add: the end of a sentence, behind a colon.
usage-adds-frames = how often real frames choose each code, and how much of that is chance
# What stands small behind a figure.
usage-of-codes = of { GROUPED($n) } codes
usage-of-k = { $share } of K
usage-entropy-bits = { $bits } bit
# In which order codes stand.
usage-index = Index
    .help = Codes by their number
usage-frequency = Frequency
    .help = Codes from the most to the least chosen
    .in-layers = Each layer's codes from the most to the least chosen
# A bar for each code.
usage-codes = Codes of layer { $layer }, { $frames }
usage-code-axis = The code's number in its codebook
usage-rank = Rank
    .help = The code's place from the most (1) to the least chosen
    .of-codes = The codes from the most (1) to the least chosen
usage-rank-n = Rank { $rank }: code { $code }
usage-size-axis = EMA cluster size (frames a batch)
    .help = c_k: the running average of how many frames of a batch chose the code
usage-frames-axis = count_k: how many of the counted frames chose the code
usage-cluster-size = EMA cluster size c_k
usage-share = Share
usage-ema-share = EMA share times n
usage-ema-line = Beside the counts, the share that the running averages give each code: c_k / C, times n frames
# Rank and frequency.
usage-ranks = Rank and frequency, { $frames }
usage-uniform-line = Uniform: 1/K each
usage-share-of-ema = Share of the EMA
    .help = p_k = c_k / C; codes whose cluster size is zero have no place on a log axis
usage-share-of-frames = Share of frames
    .help = p_k = count_k / n; codes that no frame chose have no place on a log axis
# Layers by codes.
usage-layers = Layers by codes, { $frames }
usage-layers-axis = A row for each layer, the first on top. Click one to select it
usage-rank-in-layer = Rank in its layer
    .help = Each layer's codes from the most (1) to the least chosen
usage-code-of-layer = Layer { $layer }, code { $code }
usage-rank-of-layer = Layer { $layer }, rank { $rank }
usage-over-uniform = Over the uniform share
usage-ramp = Colour: frames of the code over n/K, the share of a uniform source, on a log scale. Codes that no frame chose have a colour of their own
usage-unused = unused
