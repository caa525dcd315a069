package rulebook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/rulebook"
)

func TestJobsOfTheRulebook(t *testing.T) {
	book, err := rulebook.Parse("test.yaml", []byte(`jobs: {J-CONTACT-SYNC: "04:30", J-PERM-REVIEW: "off"}`))
	require.NoError(t, err)
	sync := book.Engine.JobTime("J-CONTACT-SYNC")
	require.True(t, sync.Given)
	require.False(t, sync.Off)
	require.Equal(t, 4*time.Hour+30*time.Minute, sync.At)
	require.True(t, book.Engine.JobTime("J-PERM-REVIEW").Off)
	require.False(t, book.Engine.JobTime("J-SURVEY").Given)

	for bad, why := range map[string]string{
		`{J-CONTACT-SYNK: "04:30"}`: "jobs.J-CONTACT-SYNK: is no job that runs by the calendar; write one that guiju jobs schedule lists",
		`{J-OUTBOX: "04:30"}`:       "jobs.J-OUTBOX: is no job that runs by the calendar",
		`{J-CONTACT-SYNC: "24:00"}`: `jobs.J-CONTACT-SYNC: must be a time of day like "09:30" or "off", not "24:00"`,
		`{J-CONTACT-SYNC: "4:30"}`:  "must be a time of day",
		`{J-CONTACT-SYNC: ""}`:      "must be a time of day",
		`{J-CONTACT-SYNC: "OFF"}`:   "must be a time of day",
	} {
		_, err := rulebook.Parse("test.yaml", []byte("jobs: "+bad))
		require.ErrorContains(t, err, why, bad)
	}
}
