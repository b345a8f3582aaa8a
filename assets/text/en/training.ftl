pitfall-P1 = Replacement that does nothing
    .text = EnCodec replaces dead codes before it writes the running average, which overwrites them: codes that start out of reach stay dead, while other trainers bring them back.
pitfall-P2 = Replacement that lives for one step
    .text = GPT-SoVITS replaces the row of a dead code but not its averages: the next step pulls it back, and it is replaced again. The codebook never comes to rest.
pitfall-P4 = A start that forgets its counts
    .text = EnCodec and GPT-SoVITS start from k-means with m = mean and c = count: the first step divides each row by its count, and what k-means found is lost.
pitfall-P7 = A threshold that declares everything dead
    .text = A code that is used as it should be has c = N/K frames a step. With a batch of K frames that is 1, and a threshold of 2 frames counts every code as dead; a threshold relative to N/K does not.
# Frames of a run, by their number.
training-frames = { $frames } frames
training-frames-train = { $frames } train frames
training-frames-held-out = { $frames } held-out frames
training-split-all = all frames
training-split-train = train
training-split-held-out = held-out
training-calibration = rows of each layer at { $factors } times their trained length
# Why no training can go on from a quantizer.
training-not-of-chains = it has several chains of layers
training-not-in-projection = there is a projection around its layers
training-not-with-strides = its layers have strides
training-not-by-raw-angle = its codebooks are searched by angle but used at full length, which gradients train and no rule here does
# What the looks at held-out frames say.
training-plateau = Held-out SNR has not gained more than { $db } dB since step { $since }
training-plateau-end = Held-out SNR has not gained more than { $db } dB since step { $since }, so training ended at step { $steps }
training-kept = Held-out frames lose clearly less with the state of step { $step }, which is kept in place of that of step { $steps }
training-plateau-and-kept = { $still }. { $kept }
# Whether a layer has settled.
training-settled = Settled since step { $step }
training-moving = Still moving, by { $percent } a step
training-too-few-steps = Too few steps to tell whether it has settled: { $steps } of { $needed }
# The dead-code threshold beside what an even code gets.
training-threshold-off = replacement is off
training-threshold = the threshold is { $frames } frames a batch
training-threshold-too-high = the threshold of { $frames } frames is not below N/K = { $even }: even evenly used codes count as dead
training-threshold-below = the threshold of { $frames } frames is below N/K = { $even }
training-usual-threshold = the usual threshold is { $frames } frames a batch
training-usual-threshold-too-high = the usual threshold of { $frames } frames is not below C/K = { $even }, so it says nothing here
training-usual-threshold-below = the usual threshold of { $frames } frames is below N/K = { $even }
training-threshold-advised = 0.1 N/K = { $frames } frames
training-threshold-turn-on = Turn replacement on, with a threshold of { $threshold }
training-threshold-lower = Lower the threshold to { $threshold }
# Parameters that would fit the data, and why.
training-proposed-batch = A code then gets { $frames } frames a step, which is what its average and the threshold go by
training-proposed-batch-all = All frames in each step: a code gets { $frames } of them
training-proposed-steps = A code then sees { $frames } frames, in { $passes } passes over the data
training-proposed-steps-cut = A code then sees { $frames } frames, in { $passes } passes over the data; more would take too long
training-proposed-decay = Averages then look back over { $steps } steps, a tenth of them all or less, so that they settle
training-proposed-threshold = { $share } of the { $frames } frames a step that an even code gets: above a quarter codes die that are used, and at 0 none is replaced
training-proposed-patience = Training ends where held-out SNR has not gained for { $steps } steps
# The states of codes.
training-state-alive = alive
    .help = In use: a frame chose it, or without frames c_k says so, and c_k is at least twice the threshold where it is known
training-state-rare = rare
    .help = In use, but c_k is below twice the dead-code threshold: the next to die
training-state-not-chosen = not chosen by these frames
    .words = not chosen by these { $frames }
    .help = Trained, with c_k above the threshold, but none of these frames chose it. Few frames leave many codes unused by chance
training-state-below-threshold = below threshold
    .help = c_k is below the dead-code threshold, which is what the update rule looks at
    .help-assumed = c_k is below the dead-code threshold, which is what the update rule looks at. This threshold is only assumed, and evenly used codes are below it too: it says nothing here
training-state-unused = unused in the corpus
    .help = No frame of the whole corpus chose it, trained on or held out
training-state-replaced = replaced lately
    .words = replaced in the last { $steps } steps
    .help = Given a new place by the update rule in one of the last steps, because it counted as dead
training-state-unknown = not known
    .help = The model came without EMA sizes, and no frame was counted: open frames to see
# What a watched folder tells.
training-watch-not-listed = The folder cannot be listed, which is tried again: { $error }
training-watch-too-many = There are more files in this folder than are watched; watch a folder inside it
training-watch-other-shape = its quantizer ({ $own }, { $metric }) is not of the shape that the checkpoints watched here have ({ $theirs }, { $their_metric }); watch it in a folder of its own
training-watch-other-dimension = The frames to judge by have { $frames } dimensions, but the quantizers have { $quantizers }: they are judged without frames, by their buffers alone
