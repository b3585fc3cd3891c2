// Package config reads what people write for Madoguchi: the environment of the
// process and the account files that apply takes. Each is checked as a whole,
// with every fault told at once, before anything starts or is stored. It opens
// no connection and reads no file but those that a NAME_FILE variable names.
package config
