figure-steps = Steps
    .text = Training steps taken, or those that a loaded model's file tells of
figure-bits_per_frame = Bits a frame
    .text = The sum of `log2 K` over the layers: what a frame takes where every code is sent as a number
figure-trained_for_s = Time
    .text = How long it was trained, start included and pauses left out. Members of a comparison take their steps in turn, and each has the time of all
panel-runs = Runs
    .help = Every run with its figures: show one, lay others over it, continue, train from it. Rules can be trained side by side on the same batches
