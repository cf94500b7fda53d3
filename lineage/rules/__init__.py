"""What libvirt would refuse, decided without libvirt."""
