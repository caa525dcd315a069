package acceptance_test

import (
	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

// What the app has stored, read beside it.

// reader reads the app's database; what it answers stays as it was found.
func (w *World) reader() *store.Reader {
	w.t.Helper()
	if w.beside == nil {
		w.beside = storetest.OpenConfig(w.t, w.db, storetest.NewClock())
	}
	return w.beside.Reader(w.t.Context())
}

// stored counts the deliveries kept of a member.
func (w *World) stored(name string) int {
	w.t.Helper()
	all, err := w.reader().Deliveries(store.DeliveryFilter{Userid: userid(name), Limit: 500})
	require.NoError(w.t, err)
	return len(all)
}

// buried lists the jobs that were set aside for a person.
func (w *World) buried() []store.Job {
	w.t.Helper()
	all, err := w.reader().Jobs(store.JobFilter{State: store.JobBuried})
	require.NoError(w.t, err)
	return all
}
