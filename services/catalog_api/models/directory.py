"""Table of disclosure guides."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.catalog_api.models.base import Base


class GuideRow(Base):
    """指南: one an organisation."""

    __tablename__ = "guide"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str] = mapped_column(unique=True)
    content_hash: Mapped[str]
    version: Mapped[int]
    representation: Mapped[bytes]
    etag: Mapped[str]
