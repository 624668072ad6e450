"""What the house sells, as data: definitions and their versions, rates by date, disclosure documents, who may buy, where and when.

Nothing here knows what a kind of product is: the capability that sells it brings its parameters (`Shape`) and what they bring about.
"""
