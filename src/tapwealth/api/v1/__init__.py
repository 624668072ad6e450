"""/v1: the interface for programs of others. Operations in one table, from which the edge answers and the OpenAPI document is made."""
