package request

// DrawStep is how the card of a step is drawn.
var DrawStep = (*Requests).drawStep
