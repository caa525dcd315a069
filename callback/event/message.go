package event

// Messages a member sends to the app ([90239]). Media ids are valid for three days.

// Text is a text message. Content is exactly what the member typed.
type Text struct {
	Header
	Content string
}

// Image is a picture.
type Image struct {
	Header
	PicURL  string
	MediaID string
}

// Voice is a voice message.
type Voice struct {
	Header
	MediaID string
	Format  string // amr, speex
}

// Video is a video.
type Video struct {
	Header
	MediaID      string
	ThumbMediaID string
}

// Location is a place the member chose.
type Location struct {
	Header
	Latitude  float64
	Longitude float64
	Scale     int
	Label     string
	AppType   string // "wxwork" from WeCom, empty from WeChat
}

// Link is a shared link.
type Link struct {
	Header
	Title       string
	Description string
	URL         string
	PicURL      string
}

// Named is an event of callbacks.md 4.10–4.12: recognised by name, its payload kept in Header.Raw only.
type Named struct{ Header }

// Unknown is anything this package has no type for. It is kept and shown, never dropped.
type Unknown struct{ Header }
