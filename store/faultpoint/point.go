// Package faultpoint names the points of a callback's life at which a test
// kills the process. Built without the tag faultpoint, Pass is empty and costs
// nothing; with it, GUIJU_FAULTPOINT=name or name:n makes the n-th passing of
// that point the process's last act, as a power cut would be.
//
// What start-up commits and claims by itself is not counted: passings count
// from the first callback, that is from Opened on.
package faultpoint

// Point is a place in the life of a callback or of a job.
type Point string

// The points, in the order a callback passes them (design, section 6).
const (
	Opened       Point = "opened"        // proven to be WeCom's and decoded; nothing stored
	Inserted     Point = "inserted"      // the delivery's row is in the transaction
	Dispatched   Point = "dispatched"    // so are the domain's changes and the reply
	BeforeCommit Point = "before_commit" // of any transaction
	AfterCommit  Point = "after_commit"  // of any transaction; its caller knows nothing yet
	Replied      Point = "replied"       // the HTTP response is with the network
	Claimed      Point = "claimed"       // jobs are leased to this process
	Frozen       Point = "frozen"        // a request's bytes are committed, nothing is sent
	Sent         Point = "sent"          // WeCom has answered, nothing is recorded
	BeforeFinish Point = "before_finish" // a job has run, its end is not stored
)

// Points are all of them.
func Points() []Point {
	return []Point{Opened, Inserted, Dispatched, BeforeCommit, AfterCommit, Replied, Claimed, Frozen, Sent, BeforeFinish}
}
