# The rungs of the heap in order: time per op on the left, peak heap / peak live on the right, and behind it what was
# left at the end.
MARGIN = 40
set label 1 "{/:Bold The ladder}: each rung of the heap on ".TRACE at screen left(MARGIN),top(32) \
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
array HEADING[2] = ["CPU time per op  (cold, log scale)", "peak heap ÷ peak live"]
array REFERENCE[2] = [REFERENCE_T, REFERENCE_M]
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
        set logscale x
        set xtics @TICKS_T
    } else {
        set xrange [LOW_M:HIGH_M]
        if (LOG_M > 0) { set logscale x }
        set xtics @TICKS_M
    }
    title_text = HEADING[side]
    set label 5 title_text at graph 0,1 left offset 0,0.9 font FONT.":Bold,12" tc rgb FG
    unset arrow
    reference = REFERENCE[side]
    if (reference > 0) {
        set arrow 1 from first reference,graph 0 to first reference,graph 1 nohead back lc rgb MUTED lw 1 dt 2
    }
    do for [k = 1:COUNT] {
        words = (side == 1) ? TEXT_T[k] : TEXT_M[k]
        place = (side == 1) ? PLACE_T[k] : PLACE_M[k]
        if ((side == 1 ? FAILED_T[k] : FAILED_M[k]) > 0) {
            set label 200 + k words at first place,k left offset 0.9,0 font FONT.":Italic,12" tc rgb BAD
        } else {
            set label 200 + k words at first place,k left offset 1.1,0 font FONT.",11.5" tc rgb FG
        }
    }
    if (side == 2) {
        set label 6 "heap at end" at screen left(END_RIGHT),graph 1 right offset 0,0.9 font FONT.":Bold,12" tc rgb FG
        do for [k = 1:COUNT] {
            words = TEXT_E[k]
            set label 300 + k words at screen left(END_RIGHT),first k right font FONT.",11.5" tc rgb FG
        }
    }
    data = (side == 1) ? "ladder-time.csv" : "ladder-memory.csv"
    plot data using 2:1:(column(5) - column(2)):(0):6 with vectors nohead lw 2 lc rgb variable, \
         data using 3:1:(column(4) - column(3)):(0) with vectors nohead lw 2 lc rgb FG, \
         data using 2:1:6 with points pt 7 ps 1.9 * DOT lc rgb variable
    unset label
}
unset multiplot
