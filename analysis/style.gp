# What all charts share. Set before: TERM is png or svg, OUT the file, NAME what an svg is
# called, W and H the size in pixels.
FONT = "DejaVu Sans"
BG = "#ffffff"
FG = "#24292f"
MUTED = "#6e7781"
GRID = "#e6e8eb"
LIVE = "#a9b2bc"
BAD = "#a4452c"
# svg counts sizes in pixels where pngcairo counts in points, and draws larger dots.
DOT = (TERM eq "png") ? 1.0 : 0.62
if (TERM eq "png") {
    set terminal pngcairo size W,H font FONT.",13" background rgb BG enhanced
} else {
    set terminal svg size W,H dynamic name NAME font FONT.",13" fontscale 1.333 background rgb BG enhanced
}
set encoding utf8
set output OUT
set datafile separator comma
set datafile columnheaders
set border 3 lc rgb MUTED lw 1
set tics nomirror out scale 0.5 textcolor rgb FG
set grid noxtics ytics lc rgb GRID lw 1 lt 1
set xlabel textcolor rgb MUTED font FONT.",12"
set ylabel textcolor rgb MUTED font FONT.",12"
unset key

# Heights from the top and bottom in pixels, as part of the picture.
top(pixels) = 1.0 - pixels / H
bottom(pixels) = pixels / H
left(pixels) = pixels / W
right(pixels) = 1.0 - pixels / W
