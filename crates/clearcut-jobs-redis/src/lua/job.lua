-- id -> names and values
return record(argument(1))
