"""ERP systems: one door to the network, and sales orders read page by page, a file a system."""
