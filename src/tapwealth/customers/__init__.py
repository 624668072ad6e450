"""People: who they are (identity and phone numbers read strictly), how well they are known (class of account), and where they lie (book).

Rules here are pure; `store` holds the SQL, `identity_http` asks the identity channels. Standards: GB 11643, PBoC notice 2015 No. 43.
"""
