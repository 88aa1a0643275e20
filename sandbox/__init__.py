"""SANDBOX: the invoice clouds as one local program, for tests, demos and development.

Written from the protocol documents alone. It never imports the addon it serves to test,
and the addon never imports it: a misreading on one side shows up as a refusal.
"""
