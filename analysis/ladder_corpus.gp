# The rungs of the heap in order over several traces, relative to the baseline: time on the left, peak heap on the
# right, and behind it what was left at the end and how many traces the rung finished.
MARGIN = 40
set label 1 "{/:Bold The ladder}: each rung of the heap on the corpus, relative to ".BASELINE at screen left(MARGIN),top(32) \
    left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 SUBTITLE at screen left(MARGIN),top(60) left font FONT.",11.5" tc rgb MUTED
set multiplot
set tmargin at screen top(118)
set bmargin at screen bottom(84)
set yrange [COUNT + 0.55:0.45]
set border 1
unset ytics
set grid noytics xtics lc rgb GRID lw 1 lt 1
array SIDE_LEFT[2] = [TIME_LEFT, MEMORY_LEFT]
array SIDE_RIGHT[2] = [TIME_RIGHT, MEMORY_RIGHT]
array HEADING[2] = ["CPU time per op ÷ ".BASELINE."  (cold)", "peak heap ÷ ".BASELINE]
do for [k = 1:COUNT] {
    name = LABEL[k]; hue = COLOR[k]; what = WHAT[k]
    set label 20 + 2 * k name at screen left(MARGIN),first k left offset 0,0.42 font FONT.":Bold,13" tc rgb hue
    set label 21 + 2 * k what at screen left(MARGIN),first k left offset 0,-0.62 font FONT.",10.5" tc rgb MUTED
}
do for [side = 1:2] {
    set lmargin at screen left(SIDE_LEFT[side])
    set rmargin at screen left(SIDE_RIGHT[side])
    unset logscale x
    if (side == 1) {
        set xrange [LOW_T:HIGH_T]
        if (LOG_T > 0) { set logscale x }
        set xtics @TICKS_T
    } else {
        set xrange [LOW_M:HIGH_M]
        if (LOG_M > 0) { set logscale x }
        set xtics @TICKS_M
    }
    title_text = HEADING[side]
    set label 5 title_text at graph 0,1 left offset 0,0.9 font FONT.":Bold,12" tc rgb FG
    set arrow 1 from first 1,graph 0 to first 1,graph 1 nohead back lc rgb MUTED lw 1 dt 2
    place = (side == 1) ? TIME_MEAN : MEMORY_MEAN
    set label 6 "mean" at screen left(place),graph 1 right offset 0,0.9 font FONT.":Bold,12" tc rgb FG
    do for [k = 1:COUNT] {
        words = (side == 1) ? MEAN_T[k] : MEAN_M[k]
        set label 200 + k words at screen left(place),first k right font FONT.",12" tc rgb FG
    }
    if (side == 2) {
        set label 7 "at end" at screen left(END_MEAN),graph 1 right offset 0,0.9 font FONT.":Bold,12" tc rgb FG
        set label 8 "finished" at screen left(FINISHED_RIGHT),graph 1 right offset 0,0.9 font FONT.":Bold,12" tc rgb FG
        do for [k = 1:COUNT] {
            ends = MEAN_E[k]; words = FINISHED[k]
            set label 300 + k ends at screen left(END_MEAN),first k right font FONT.",12" tc rgb FG
            set label 400 + k words at screen left(FINISHED_RIGHT),first k right font FONT.",12" tc rgb FG
        }
    }
    data = (side == 1) ? "ladder-time.csv" : "ladder-memory.csv"
    plot data using (column(3) < 0.5 ? column(2) : NaN):1:(int(column(4)) + 0x90000000) with points pt 7 ps 0.8 * DOT lc rgb variable, \
         data using (column(3) > 0.5 ? column(2) : NaN):1:4 with points pt 7 ps 2.0 * DOT lc rgb variable
    unset label
}
unset multiplot
