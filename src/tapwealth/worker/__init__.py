"""What runs by itself: sending what the outbox holds, taking the registrar's files, delivering money between books."""
