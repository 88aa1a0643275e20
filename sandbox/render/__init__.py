"""The files of a fapiao: PDF, OFD, XML and the QR codes. Every one says SANDBOX."""
