"""The day as people by time: `geometry` lays out, `cells` paints, `grid` is the widget."""
