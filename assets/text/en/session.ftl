# What is being done.
session-opening = Opening { $what }
session-evaluating = Evaluating
session-evaluating-model = Evaluating the model
session-encoding = Encoding
session-training = Training
session-comparing = Comparing
session-repairing = Repairing { $run }
session-making-audible = Making it audible
session-watching = Watching { $folder }
session-reading = Reading { $run }
session-saving-model = Saving the model
session-saving-codes = Saving codes
session-writing-report = Writing the report
session-writing-sound = Writing sound
session-writing-back = Writing back
session-opening-workspace = Opening the workspace
session-saving-workspace = Saving the workspace
# What runs are called at first. What follows a colon and a blank is a name for short.
session-run = Run { $n }, { $rule }
session-comparison = Comparison { $n }
session-sweep = Sweep { $n }
session-repaired = { $run }, repaired
session-model-on = { $model } on { $data }
# What can be undone.
session-edit-parameters = parameters
session-edit-selection = selection
session-edit-layout = layout
session-edit-name = name or note of a run
session-edit-delete = deleting a run
session-edit-repair = repairing a run
# Why something cannot be done.
session-nothing-to-train-on = There is nothing to train on yet: open audio or features
session-nothing-to-compare-on = There is nothing to compare on yet: open audio or features
session-nothing-to-sweep-over = There is nothing to sweep over yet: open audio or features
session-nothing-to-save = There is nothing to save yet: train first, or open a model
session-nothing-to-encode = There is no data to encode: open audio or features
session-nothing-to-hear = There is nothing to hear
session-nothing-to-listen-to = There is nothing to listen to: open audio first
session-not-of-audio = There is nothing to hear: the data were not made of audio
session-nothing-to-evaluate = To evaluate a model, open the model and audio or features of its dimension
session-other-dimension = The model has { $dim } dimensions, but the frames have { $of_frames }: open features that it was made for
session-no-model-to-start-from = There is no model to start from: open one first
session-start-not-in-memory = The run to start from has no codebooks in memory: show it first
session-cannot-resume = This run cannot be resumed: train a new one from it
session-planned-deleted = The planned run was deleted
session-planned-without-recipe = The planned run does not say how it is trained
session-planned-data-closed = The data of { $run } are not open: open them, and go on with the sweep
session-planned-start-not-in-memory = The run that { $run } started from is not in memory: show it first
session-no-such-run = There is no such run
session-codes-alone = Codes alone cannot be trained on: open audio or features
session-files-being-opened = Files are being opened
session-training-is-ending = The training is ending
session-open-data-first = Open audio or features first
session-no-such-value = No training can have { $value } as its { $parameter }
session-being-repaired = It is being repaired
session-repair-not-in-memory = Its quantizer is not in memory: show the run first
session-repair-taking-steps = The training is taking steps: pause it first, or let it end
session-repair-without-data = Fixes are worked out from frames: open audio or features of its dimension
session-repair-other-dimension = It takes frames of dimension { $dim }, but the data have dimension { $of_data }
session-repair-too-few = There are too few frames: some are to mend by, and others to judge by
session-repair-no-fix = There is no fix for it: it takes another training
session-repair-cannot = Its rows cannot be mended: { $why }
session-no-workspace = This window keeps no workspace: another one has it open
session-workspace-newer = The workspace was written by a newer version of rvqscope; this window starts without it
session-workspace-damaged = The workspace does not say what it holds; this window starts without it
session-run-not-read-back = A run of the workspace could not be read back
session-data-changed = { $data } has changed since its runs were made
# What has happened.
session-saved = Saved: { $path }
session-panicked = A computation ended unexpectedly ({ $why }); nothing that was there has changed
    .without-words = no message
    .without-thread = no thread could be started: { $error }
session-let-go = To bound memory, the quantizer of { $run } was let go; figures and curves stay. Pin what is to be kept
session-let-go-more = To bound memory, the quantizer of { $run } and { $more } more was let go; figures and curves stay. Pin what is to be kept
session-planned-wait = { $n } planned { $n ->
    [one] run waits
   *[other] runs wait
    }: go on with the sweep in the Runs panel
session-source-alone = The source alone is heard: { $why }
session-nothing-heard = Nothing is heard: { $error }. A stretch can be saved as WAV all the same
session-run-says = { $run }: { $says }
session-file-says = { $says }: { $path }
session-pitfall = { $id }: { $title }. { $text }
session-no-better = { $run } stays as it is, no fix did better on held-out frames: { $tried }
session-was-repaired = { $run } was repaired, beside the old one: { $tried }
session-tried-kept = { $fix }, { $rows } rows: SNR { $snr_before } -> { $snr_after } dB, { $used_before } -> { $used_after } codes used, kept
session-tried-not-kept = { $fix }, { $rows } rows: SNR { $snr_before } -> { $snr_after } dB, { $used_before } -> { $used_after } codes used, not kept
