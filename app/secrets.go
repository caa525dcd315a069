package app

import (
	"fmt"

	"guiju/app/account"
	"guiju/app/config"
)

// secretsOf are the secrets of config.yaml whose age is watched (G2-4.2(3)). A
// previous key is on its way out and not counted.
func secretsOf(c config.WeCom) []account.Secret {
	var all []account.Secret
	add := func(name string, s config.Secret) {
		if !s.Empty() {
			all = append(all, account.Secret{Name: name, Value: func() []byte { return []byte(s.Reveal()) }})
		}
	}
	for _, app := range c.Apps {
		add(fmt.Sprintf("应用 %s 的 secret", app.Name), app.Secret)
		add(fmt.Sprintf("应用 %s 的回调 Token", app.Name), app.Token)
		add(fmt.Sprintf("应用 %s 的 EncodingAESKey", app.Name), app.EncodingAESKey)
	}
	add("通讯录同步的 secret", c.Contacts.Secret)
	add("通讯录同步的回调 Token", c.Contacts.Token)
	add("通讯录同步的 EncodingAESKey", c.Contacts.EncodingAESKey)
	return all
}
