package storetest

import (
	"os"
	"testing"

	"guiju/store"
)

// Redis answers a client of the server of GUIJU_TEST_REDIS (host:port) with a
// key prefix of its own. Without the variable the test is skipped, or fails
// when GUIJU_TEST_REQUIRE names redis.
func Redis(t testing.TB) *store.Redis {
	t.Helper()
	address := os.Getenv("GUIJU_TEST_REDIS")
	if address == "" {
		leaveOut(t, "redis", "left out Redis: GUIJU_TEST_REDIS is not set")
	}
	client := store.OpenRedis(store.RedisConfig{Address: address}, "guiju-test-"+random()+":", nil)
	t.Cleanup(func() { _ = client.Close() })
	return client
}
