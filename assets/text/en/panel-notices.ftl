panel-notices = Notices
    .help = What stood out in runs and files, and what did not work
