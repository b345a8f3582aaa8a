# Axes.
plot-steps = Step
    .help = Training steps, one batch each
plot-label-unit = { $label } ({ $unit })
plot-axis-read = { $label }: { $value }
plot-axis-help = { $label }: { $text }
# A chart.
plot-move = Drag to move, Ctrl + wheel to zoom, drag with the right button to zoom into a box, double-click to see all. With the keyboard focus on it, the arrow keys read it off
plot-select = Drag to select a stretch of frames, click to select none, Shift + wheel to move, Ctrl + wheel to zoom, double-click to see all
plot-named = Plot: { $title }
plot-curves-all = all { $n }
    .help = Every curve of this chart by name
plot-curve = Curve { $name }
plot-more = and { $n } more
plot-of-layer = { $title }, layer { $layer }
plot-by-layer = { $title }, by layer
# How charts are drawn.
plot-log-x = Log x axis
plot-log-y = Log y axis
plot-smoothing = Smoothing
plot-smoothing-none = None
    .help = Every step as it was
plot-smoothing-ema = A running average of the steps before: a step counts for 2 / (span + 1)
plot-smoothing-median = Median
    .help = The median of the steps around: single outliers leave no trace
plot-smoothing-span = Over how many steps; the plain curve stays behind, paler
# Times.
plot-seconds = { $secs } s
plot-minutes = { $min } min { $secs } s
plot-hours = { $hours } h { $min } min
plot-days = { $days } days
# The line above a plot or a table.
plot-csv = Save what is shown here as a table, every value of it
plot-copy = Copy
    .help = Copy the table for a paper or a README, with the digits that are shown here
plot-copy-markdown = Copy table as Markdown
    .done = The table was copied as Markdown
plot-copy-latex = Copy table as LaTeX
    .done = The table was copied as LaTeX
plot-png = Save a picture of this panel
plot-svg = Save a drawing of this as it is shown, at any size as sharp. That of the whole panel is in the menu of its tab
plot-axes = Axes
    .help = Smoothing and logarithmic axes, for every chart of this kind
