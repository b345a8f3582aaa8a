panel-ema = EMA convergence
    .help = Whether the codebooks still move and the running averages follow the counts. Settled: drift is low and flat, points lie in the band
# Curves over the steps: their names on switches, and what stands above them.
ema-drift = Drift
    .title = Drift of the codebook in each step
ema-loss = Loss
    .title = Loss of each training batch
ema-perplexity = Perplexity
    .title = Perplexity of each training batch
ema-sizes = Cluster sizes
    .help = The EMA cluster size of each code against how many frames chose it
ema-no-history = There is no history of steps: the buffers tell whether they agree
ema-frames-add = whether cluster sizes follow how often frames choose each code
ema-comparing = Comparing rows
    .text = All rows of the layer are compared with their averages
ema-no-averages = No running averages
    .text = The file holds no embed_avg and no cluster_size for this layer
# Figures, and what stands above and beside them.
ema-layer = Layer { $layer }
ema-layer-step = Layer { $layer }, step { $step }
ema-decay = decay { $decay }
    .assumed = assuming decay { $decay }
ema-last-drift = Drift of the last step
ema-last-loss = Loss of the last batch
ema-last-perplexity = Perplexity of the last batch
# Cluster sizes against frames.
ema-sizes-outside = Cluster sizes: { $outside } of { $codes } codes outside of ±2 sd
ema-against-batch = Batch
    .help = Against the counts of the last batch
ema-against-all = All
    .help = Against the counts of all training frames, scaled to a batch
ema-frames-of-batch = Frames of the last batch
    .help = How many frames of the last batch chose the code
ema-frames-expected = Expected frames a batch
    .help = What the counts of the training frames come to in a batch: count_k / n times N
ema-size-axis = EMA cluster size (frames)
ema-size-axis-help = c_k: the running average of how many frames of a batch chose the code

    Band: two standard deviations around the diagonal. { $noise }
ema-size-axis-help-batch = c_k: the running average of how many frames of a batch chose the code

    Band: two standard deviations around the diagonal. { $noise }
    The last batch's own noise, sqrt(N p (1-p)), is part of the band
ema-code-of-layer = Layer { $layer }, code { $code }
ema-size = EMA cluster size c_k
