# Bars of speed relative to the baseline, in groups by trace.
MARGIN = 90
set label 1 "{/:Bold Replay speed relative to ".BASELINE."}  (higher is faster)" \
    at screen left(MARGIN),top(32) left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(16) left font FONT.",10" tc rgb MUTED
set label 2 SUBTITLE at screen left(MARGIN),top(60) left font FONT.",11.5" tc rgb MUTED
set lmargin at screen left(MARGIN)
set rmargin at screen right(28)
set tmargin at screen top(LEGEND_COUNT > 0 ? 128 : 96)
set bmargin at screen bottom(90)
set xrange [LOW_X:HIGH_X]
set yrange [LOW_Y:HIGH_Y]
set ytics @TICKS_Y
set xtics @TURN @GROUPS scale 0 font FONT.",12"
set boxwidth 0.86
set arrow 1 from graph 0,first 1 to graph 1,first 1 nohead front lc rgb FG lw 1 dt 2
if (DIVIDER > 0) {
    set arrow 2 from first DIVIDER,graph 0 to first DIVIDER,graph 1 nohead back lc rgb GRID lw 1.5
}
do for [k = 1:LEGEND_COUNT] {
    name = LABEL[k]; hue = COLOR[k]; place = LEGEND_X[k]
    set object 10 + k rectangle center screen left(MARGIN + place + 6),top(98) \
        size screen left(12.0),screen bottom(12.0) fc rgb hue fs solid noborder
    set label 10 + k name at screen left(MARGIN + place + 18),top(98) left font FONT.",12.5" tc rgb FG
}
do for [k = 1:FAILURE_COUNT] {
    words = FAILURE[k]; place = FAILURE_X[k]
    set label 100 + k words at first place,(0.02 * HIGH_Y) left rotate by 90 font FONT.":Italic,11.5" tc rgb BAD
}
# A number that would meet the line at 1 stands above it.
above(y) = (y < 1 && y + LABEL_PART * HIGH_Y > 1) ? 1 : y
plot "speed.csv" using 1:2:5 with boxes fs solid 0.85 noborder lc rgb variable, \
     "speed.csv" using 1:3:(0):(column(4) - column(3)) with vectors nohead lw 2 lc rgb FG, \
     "speed.csv" using 1:(above(column(6))):(strcol(7)) with labels @ROTATION font FONT.",10.5" tc rgb FG
