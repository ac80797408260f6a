// Command program is what the tests scan.
package main

import (
	"fmt"

	"github.com/jackc/pgx/v5"
)

func main() {
	_, err := pgx.ParseConfig("")
	fmt.Println(err)
}
