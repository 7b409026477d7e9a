# Which objects a trace has: size across, lifetime up, the number of objects as colour; beside it the sums of columns and
# rows.
MARGIN = 108
TOP_BARS = 84.0
RIGHT_BARS = 150.0
RIGHT = 110.0 # the colours
PAPER = "#fdfdfe" # a picture keeps its colours in the dark, and so does what is behind it
set label 1 "{/:Bold Size and lifetime} of every object:  ".TRACE at screen left(MARGIN),top(32) left font FONT.",17" tc rgb FG
set label 3 FOOTER at screen left(MARGIN),bottom(29) left font FONT.",10" tc rgb MUTED
set label 2 "Colour: number of objects, log scale. Lifetime: calls from acquiring to releasing. Bars: share of all objects." \
    at screen left(MARGIN),top(60) left font FONT.",11" tc rgb MUTED
set palette defined (0 "#d3e5f5", 0.3 "#8dc1e0", 0.55 "#4a94c8", 0.8 "#1f5fa0", 1 "#0b2a5b")
set cbrange [0:MOST]
unset colorbox
unset grid
set multiplot
set lmargin at screen left(MARGIN)
set rmargin at screen right(RIGHT + RIGHT_BARS + 18)
set tmargin at screen top(100 + TOP_BARS + 12)
set bmargin at screen bottom(112)
set xrange [LOW_X:HIGH_X]
set yrange [LOW_Y:HIGH_Y]
set xtics @TICKS_X
set ytics @TICKS_Y
set xlabel "requested size" offset 0,0.2 tc rgb MUTED
set label 6 "lifetime (calls)" at screen left(22),graph 0.5 center rotate by 90 font FONT.",12" tc rgb MUTED
set object 1 rectangle from graph 0,graph 0 to graph 1,graph 1 fc rgb PAPER fs solid noborder behind

# The colours, as a bar of steps at the right.
BAR_X = W - RIGHT + 34
BAR_TOP = 100 + TOP_BARS + 12
BAR_H = 280.0
do for [k = 0:59] {
    set object 100 + k rectangle from screen left(BAR_X),top(BAR_TOP + BAR_H * (59 - k) / 60) \
        to screen left(BAR_X + 14),top(BAR_TOP + BAR_H * (60 - k) / 60 + (k > 0 ? 0.6 : 0)) \
        fc palette cb (k + 0.5) / 60 * MOST fs solid noborder
}
do for [k = 0:int(DECADES)] {
    words = DECADE[k + 1]
    place = BAR_TOP + BAR_H * (1 - k / MOST)
    set label 100 + k words at screen left(BAR_X + 20),top(place) left font FONT.",10.5" tc rgb FG
}
unset datafile columnheaders
plot "size-lifetime.csv" matrix using (LOW_X + ($1 + 0.5) * STEP_X):(LOW_Y + ($2 + 0.5) * STEP_Y):3 with image
unset label
unset object
set datafile columnheaders

set tmargin at screen top(100)
set bmargin at screen top(100 + TOP_BARS)
set border 1
unset xlabel
unset xtics
unset ytics
set yrange [0:MOST_SIZE * 1.02]
set label 1 sprintf("%.2g %%", 100 * MOST_SIZE / ALL) at graph -0.008,graph 0.98 right font FONT.",10.5" tc rgb MUTED
set label 2 NOTE at graph 1,graph 0.9 right font FONT.",11.5" tc rgb FG
plot "sizes.csv" using (column(1) + STEP_X / 2):2:(STEP_X) with boxes fs solid noborder lc rgb LIVE
unset label

set lmargin at screen right(RIGHT + RIGHT_BARS)
set rmargin at screen right(RIGHT)
set tmargin at screen top(100 + TOP_BARS + 12)
set bmargin at screen bottom(112)
set border 2
set xrange [0:MOST_LIFETIME * 1.02]
set yrange [LOW_Y:HIGH_Y]
set label 1 sprintf("%.2g %%", 100 * MOST_LIFETIME / ALL) at graph 0.98,graph -0.03 right font FONT.",10.5" tc rgb MUTED
plot "lifetimes.csv" using (column(2) / 2):(column(1) + STEP_Y / 2):(column(2) / 2):(STEP_Y * 0.5) with boxxyerror \
    fs solid noborder lc rgb LIVE
unset multiplot
