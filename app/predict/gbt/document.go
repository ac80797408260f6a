package gbt

// source is a document that is read value by value, in either file format.
// Every method consumes exactly one value and fails if it is of another kind.
type source interface {
	object(each func(key string) error) error // each consumes the key's value
	list(each func(i int) error) error        // each consumes one element
	text() (string, error)
	integer() (int64, error)
	floats() ([]float32, error)
	ints() ([]int32, error) // booleans count as 0 and 1
	skip() error
	end() error // nothing may follow but space
}

// sink takes a document value by value; the writer below it keeps the error.
type sink interface {
	object(fields func())
	key(name string)
	list(n int, element func(i int))
	text(string)
	integer(int64)
	floats([]float32)
	ints([]int32)
	flags([]int32) // small numbers
	longs([]int64)
}
