package app

import (
	"crypto/sha256"

	"guiju/app/console"
	"guiju/wecom"
)

// newConsole builds the foundation of the pages; each domain registers its own.
func (a *App) newConsole() (*console.Console, error) {
	var apps []console.App
	for _, app := range a.cfg.WeCom.Apps {
		apps = append(apps, console.App{Name: app.Name, Platform: a.clients[app.Name]})
	}
	return console.New(console.Options{
		Store: a.db, Members: a.people, Permits: permits{a}, Apps: apps, PublicURL: a.cfg.Server.PublicURL, MediaDir: a.cfg.Media.Dir,
		Key: a.consoleKey(), Machine: a.machine, Log: a.log, Sandbox: a.cfg.WeCom.APIBaseURL != wecom.DefaultBaseURL,
	})
}

// consoleKey signs what browsers keep while their members are at WeCom. It comes
// from a secret that every replica has; whoever is signing in while that secret
// is replaced signs in once more.
func (a *App) consoleKey() []byte {
	key := sha256.Sum256([]byte("guiju pages\n" + a.cfg.WeCom.CorpID + "\n" + a.cfg.WeCom.Apps[0].Secret.Reveal()))
	return key[:]
}
