package console

// OwnPage is what is remembered of an address that was asked for.
var OwnPage = ownPage
