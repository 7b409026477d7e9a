# Heap divided by live bytes over trace time, and below it the live bytes.
MARGIN = 90
set label 1 "{/:Bold Fragmentation over trace time}:  resident heap ÷ live bytes,  ".TRACE \
    at screen left(MARGIN),top(32) left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 "1× is perfect; log scale. Left blank while less than 1 % of the peak is live. At the right: the last value." \
    at screen left(MARGIN),top(60) left font FONT.",11.5" tc rgb MUTED
set label 4 MISSING at screen left(MARGIN),top(80) left font FONT.":Italic,11.5" tc rgb BAD
set multiplot
set lmargin at screen left(MARGIN)
set rmargin at screen right(RIGHT_MARGIN)
set tmargin at screen top(108)
set bmargin at screen bottom(238)
set xrange [LOW_X:HIGH_X]
set yrange [LOW_Y:HIGH_Y]
set logscale y
set ytics @TICKS_Y
set xtics @BLANK_X
set arrow 1 from graph 0,first 1 to graph 1,first 1 nohead back lc rgb MUTED lw 1 dt 2
do for [k = 1:COUNT] {
    name = LABEL[k]; hue = COLOR[k]; end_x = END_X[k]; end_y = END_Y[k]; place = PLACE[k]
    set arrow 10 + k from first end_x,first end_y to graph 1.012,graph place nohead lc rgb hue lw 1 dt 3
    set label 10 + k name at graph 1.018,graph place left font FONT.":Bold,12" tc rgb hue
}
plot for [k = 1:COUNT] sprintf("fragmentation-%d.csv", k) using 1:2 with lines lw 2.2 lc rgb COLOR[k]
unset label
unset arrow
unset logscale y
set tmargin at screen bottom(210)
set bmargin at screen bottom(100)
set yrange [LOW_L:HIGH_L]
set ytics @TICKS_L
set xtics @TICKS_X
set xlabel XLABEL offset 0,0.4 tc rgb MUTED
set label 2 "live bytes" at graph 1.018,graph 0.5 left font FONT.",11.5" tc rgb MUTED
plot "live.csv" using 1:(0):2 with filledcurves fs solid 1 noborder lc rgb LIVE
unset multiplot
