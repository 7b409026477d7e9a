# The time of each run in the order in which they ran.
MARGIN = 116
set label 1 "{/:Bold Runs in their order}:  ".TITLE at screen left(MARGIN),top(32) left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 SUBTITLE at screen left(MARGIN),top(60) left font FONT.",11.5" tc rgb MUTED
set lmargin at screen left(MARGIN)
set rmargin at screen right(RIGHT_MARGIN)
set tmargin at screen top(TOP)
set bmargin at screen bottom(108)
set xrange [LOW_X:HIGH_X]
set yrange [LOW_Y:HIGH_Y]
if (LOG_Y > 0) { set logscale y }
set xtics @TICKS_X
set ytics @TICKS_Y
set xlabel "place in the order of all runs" offset 0,0.2
set label 6 YLABEL at screen left(20),graph 0.5 center rotate by 90 font FONT.",12" tc rgb MUTED
do for [k = 1:TRACES] {
    name = TRACE_NAME[k]; x = TRACE_X[k]
    set arrow 100 + k from first x,graph 0 to first x,graph 1 nohead back lc rgb GRID lw 1
    set label 100 + k name at first x,graph 1.015 left rotate by 40 offset 0.6,0.3 font FONT.",10.5" tc rgb MUTED
}
do for [k = 1:COUNT] {
    name = LABEL[k]; hue = COLOR[k]; median = MEDIAN[k]; place = PLACE[k]; shape = SHAPE[k]
    set arrow 200 + k from graph 0,first median to graph 1,first median nohead back lc rgb hue lw 1 dt 3
    set label 200 + k name at graph 1.035,graph place left font FONT.":Bold,12" tc rgb hue
    set label 300 + k "" at graph 1.02,graph place point pt shape ps 1.1 * DOT lc rgb hue
}
plot "run_order.csv" using 1:2:(0.85 * DOT):4:3 with points ps variable pt variable lc rgb variable
