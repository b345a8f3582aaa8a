panel-notices = Notices
    .help = What stood out in runs and files, and what did not work
notices-none = No notices: what stands out in a run or a file is said here
notices-count = { $n } { $n ->
    [one] notice
   *[other] notices
    }
notices-clear = Clear all
notices-copy-all = Copy all
    .help = Copy the text of all notices
notices-dismiss = Dismiss
notices-copy = Copy
    .help = Copy the text
notices-times = This came { $times } times
# How much a notice matters.
notices-info = Good to know
notices-warning = Worth a look
notices-error = Something did not work
