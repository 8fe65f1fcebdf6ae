"""What crosses a service's border (`schemas`) and the small kit under every service (`kit`)."""
