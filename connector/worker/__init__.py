"""What a process of rowcast shows of itself: metrics; later the cluster: slots, stores, Connect REST, status page."""
