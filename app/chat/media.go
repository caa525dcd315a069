package chat

// Media is a message that is not text.
type Media struct {
	Kind        string // image, voice, video, shortvideo, file, link, location
	MediaID     string
	Name        string // file name or link title or place
	URL         string
	Description string
	Latitude    float64
	Longitude   float64
}
